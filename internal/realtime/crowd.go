package realtime

import "time"

// The rules of pacing.
const (
	crowdMin   = 32                     // recipients; fewer are no crowd
	crowdLook  = 5 * time.Millisecond   // until the backlogs are looked at again
	crowdStuck = 250 * time.Millisecond // without progress until it is given up
	crowdMax   = time.Second            // for one event
	crowdPause = time.Second            // after giving up, before it is tried again
)

// crowd watches over the recipients of one event. Single slow readers are nobody's
// concern but their own; but when most of many recipients are behind, it is the
// server or its network that cannot keep up, and then the dispatcher slows down
// instead of queueing until all of them must be closed. Through the bounded queue
// before it that slows down publishers.
type crowd struct {
	all    int
	late   []*conn
	gaveUp time.Time
}

// note counts a recipient and the backlog before him.
func (cr *crowd) note(c *conn, behind int) {
	cr.all++
	if behind > c.hub.cfg.QueueBytes/4 {
		cr.late = append(cr.late, c)
	}
}

// pace waits for a crowd that is late as long as it makes progress.
func (cr *crowd) pace(d *dispatcher) {
	if len(cr.late) >= crowdMin && 2*len(cr.late) > cr.all && time.Since(cr.gaveUp) >= crowdPause {
		d.flush()
		cr.wait(d.hub.stopped)
	}
	clear(cr.late)
	cr.all, cr.late = 0, cr.late[:0]
}

func (cr *crowd) wait(stop <-chan struct{}) {
	least, _ := cr.look()
	began := time.Now()
	moved := began
	tick := time.NewTicker(crowdLook)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-stop:
			return
		}
		size, late := cr.look()
		now := time.Now()
		switch {
		case 2*late <= len(cr.late) || now.Sub(began) > crowdMax:
			return
		case size < least:
			least, moved = size, now
		case now.Sub(moved) > crowdStuck:
			cr.gaveUp = now
			return
		}
	}
}

// look returns the crowd's backlog and how many of it are still late.
func (cr *crowd) look() (size, late int) {
	for _, c := range cr.late {
		n := c.behind()
		size += n
		if n > c.hub.cfg.QueueBytes/4 {
			late++
		}
	}
	return size, late
}

package realtime

import (
	"testing"
	"testing/synctest"
	"time"
)

// newCrowd returns a dispatcher that has just queued to recipients, of whom some
// have a backlog.
func newCrowd(all, late int) (*dispatcher, []*conn) {
	d := newDispatcher(New(Config{QueueBytes: 1000}))
	return d, gather(d, all, late)
}

func gather(d *dispatcher, all, late int) (behind []*conn) {
	for i := range all {
		c := &conn{sink: sink{hub: d.hub}}
		if i < late {
			c.backlog, c.size = true, 900
			behind = append(behind, c)
		}
		d.crowd.note(c, c.behind())
	}
	return behind
}

// shrink makes the backlogs smaller.
func shrink(conns []*conn, by int) {
	for _, c := range conns {
		c.mu.Lock()
		c.size -= by
		c.mu.Unlock()
	}
}

func TestCrowdSetsThePace(t *testing.T) {
	t.Parallel()
	pace := func(d *dispatcher) time.Duration {
		start := time.Now()
		d.crowd.pace(d)
		return time.Since(start)
	}
	for _, tt := range []struct {
		name      string
		all, late int
		waits     bool
	}{
		{"nobody is late", 100, 0, false},
		{"some are late", 100, 50, false},
		{"most are late", 100, 51, true},
		{"all of a few are late", 31, 31, false},
		{"all of many are late", 32, 32, true},
	} {
		synctest.Test(t, func(t *testing.T) {
			d, _ := newCrowd(tt.all, tt.late)
			if took := pace(d); (took > 0) != tt.waits {
				t.Errorf("%s: waited %v", tt.name, took)
			}
			if took := pace(d); took > 0 {
				t.Errorf("%s: waited %v for nobody", tt.name, took)
			}
		})
	}

	synctest.Test(t, func(t *testing.T) { // as long as there is progress
		d, late := newCrowd(40, 40)
		go func() {
			for range 7 { // the last leaves 200 of 1000
				time.Sleep(100 * time.Millisecond) //nolint:forbidigo // fake time passes
				shrink(late, 100)
			}
		}()
		if took := pace(d); took < 700*time.Millisecond || took > 710*time.Millisecond {
			t.Errorf("waited %v", took)
		}
	})

	synctest.Test(t, func(t *testing.T) { // but not for ever
		d, late := newCrowd(40, 40)
		done := make(chan struct{})
		go func() {
			for range 20 {
				time.Sleep(100 * time.Millisecond) //nolint:forbidigo // fake time passes
				shrink(late, 1)
			}
			close(done)
		}()
		if took := pace(d); took < time.Second || took > time.Second+2*crowdLook {
			t.Errorf("waited %v", took)
		}
		<-done
	})

	synctest.Test(t, func(t *testing.T) { // a crowd that does not read at all
		d, _ := newCrowd(40, 40)
		if took := pace(d); took < crowdStuck || took > crowdStuck+2*crowdLook {
			t.Errorf("waited %v", took)
		}
		gather(d, 40, 40)
		if took := pace(d); took > 0 {
			t.Errorf("waited %v again", took)
		}
		time.Sleep(crowdPause) //nolint:forbidigo // fake time passes
		gather(d, 40, 40)
		if took := pace(d); took < crowdStuck {
			t.Errorf("waited %v after the pause", took)
		}
	})

	synctest.Test(t, func(t *testing.T) { // the end of the hub
		d, _ := newCrowd(40, 40)
		close(d.hub.stopped)
		if took := pace(d); took > crowdLook {
			t.Errorf("waited %v", took)
		}
	})
}

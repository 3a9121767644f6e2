// Package reminders is the API's area of reminders: users keep messages, and are told
// of them at a time that they set. Only who made a reminder sees it.
//
// A reminder that is due at a time has a job (package jobs) that tells its user then:
// under the lock of the reminder's row, once for each time that was set, whatever
// node does it and how often it is tried. Moving or removing a reminder takes the job
// back; one that runs already finds that there is nothing to tell.
//
// That messages come with the reminders of who reads them is package store's.
//
// A Service holds no state and may be used concurrently.
package reminders

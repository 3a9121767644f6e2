// Package push is the area of push: the devices that users register for it, over the
// API and as they connect.
//
// A device is one user's. Who registers it takes it over, who has too many loses the
// oldest, and who registers one again that is known as it is writes nothing. Its
// provider may be one that the app gave a name; without a name it is whichever of its
// kind the app has, now or later.
//
// It leaves users to package users, which has a device registered as its user
// connects, and shows users their devices, and SQL to package store. A Service holds
// no state and may be used concurrently.
package push

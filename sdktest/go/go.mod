module sdktest

go 1.26

// v8 is not here yet: its releases are not in the checksum database, and nothing
// is downloaded unverified.
require github.com/GetStream/stream-chat-go/v7 v7.2.0

require github.com/golang-jwt/jwt/v4 v4.0.0 // indirect

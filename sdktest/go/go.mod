module sdktest

go 1.26

require github.com/GetStream/stream-chat-go/v7 v7.2.0

require github.com/golang-jwt/jwt/v4 v4.0.0 // indirect

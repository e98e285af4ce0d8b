module ca-exchange/test/goodkey

go 1.26.0

require (
	ca-exchange v0.0.0
	github.com/letsencrypt/boulder v0.20260729.0
)

require (
	github.com/go-jose/go-jose/v4 v4.1.4 // indirect
	github.com/hiddeco/sshsig v0.2.0 // indirect
	github.com/titanous/rocacheck v0.0.0-20171023193734-afe73141d399 // indirect
	github.com/youmark/pkcs8 v0.0.0-20240726163527-a2c0da244d78 // indirect
	golang.org/x/crypto v0.58.0 // indirect
	golang.org/x/net v0.62.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/text v0.43.0 // indirect
	google.golang.org/genproto/googleapis/rpc v0.0.0-20260414002931-afd174a4e478 // indirect
	google.golang.org/grpc v1.82.1 // indirect
	google.golang.org/protobuf v1.36.11 // indirect
)

replace ca-exchange => ../..

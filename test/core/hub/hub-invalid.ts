/** A key and a certificate for the name hub.invalid, signed by itself, from 2020 to 2120; they protect nothing. */
export const key = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgVSo5Cl4dsuyp2G4I
45RF4V1nrZgXn1q22JBIPch0cL2hRANCAARcfwLGwqceTc4bCgXcjiFJy2RB2sZq
ngU/TIzXqo+57V/9Sbc7jKobOtDQ42224JM6OHhP0i6o93MzfWe409e2
-----END PRIVATE KEY-----
`

/** To be trusted by who sets NODE_EXTRA_CA_CERTS to a file of it. */
export const certificate = `-----BEGIN CERTIFICATE-----
MIIBSDCB7qADAgECAgEBMAoGCCqGSM49BAMCMBYxFDASBgNVBAMMC2h1Yi5pbnZh
bGlkMCAXDTIwMDEwMTAwMDAwMFoYDzIxMjAwMTAxMDAwMDAwWjAWMRQwEgYDVQQD
DAtodWIuaW52YWxpZDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABFx/AsbCpx5N
zhsKBdyOIUnLZEHaxmqeBT9MjNeqj7ntX/1JtzuMqhs60NDjbbbgkzo4eE/SLqj3
czN9Z7jT17ajKzApMBYGA1UdEQQPMA2CC2h1Yi5pbnZhbGlkMA8GA1UdEwEB/wQF
MAMBAf8wCgYIKoZIzj0EAwIDSQAwRgIhAOLJEyWtyT0UCbdJdcZ7EAgMv93JTmIb
69QGjEp6YBdkAiEAjUMnjbGsjXgqndH7fkRwywRpGNpQJzkFiBuqjSO7y84=
-----END CERTIFICATE-----
`

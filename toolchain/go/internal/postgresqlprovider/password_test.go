package postgresqlprovider

import "testing"

func TestMatches(t *testing.T) {
	// The SCRAM verifier is the example of RFC 7677, section 3: user "user", password "pencil".
	const scram = "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$" +
		"WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
	// md5("pencil" + "user")
	const md5 = "md5dc2d5b47a7e2cad5ee1aa9b2d3ae8f33"
	for name, test := range map[string]struct {
		stored, password string
		want             bool
	}{
		"SCRAM":                {scram, "pencil", true},
		"SCRAM, wrong":         {scram, "pen", false},
		"MD5, wrong":           {md5, "pen", false},
		"a hash given as such": {md5, md5, true},
		"no password":          {"", "pencil", false},
		"broken SCRAM":         {"SCRAM-SHA-256$x", "pencil", false},
	} {
		if matches(test.stored, "user", test.password) != test.want {
			t.Errorf("%s: want %t", name, test.want)
		}
	}
}

func TestLiteral(t *testing.T) {
	for text, want := range map[string]string{"plain": "'plain'", "it's": "'it''s'", `a\b'`: ` E'a\\b'''`} {
		if got := literal(text); got != want {
			t.Errorf("literal(%q) is %s, want %s", text, got, want)
		}
	}
}

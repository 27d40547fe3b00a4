package minioprovider

import "testing"

func TestSamePolicy(t *testing.T) {
	written := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":["b","a"]}}`
	for name, test := range map[string]struct {
		other string
		same  bool
	}{
		"as MinIO answers": {`{"ID":"","Version":"2012-10-17","Statement":[{"Sid":"","Effect":"Allow",
			"Action":["s3:GetObject"],"Resource":["a","b"]}]}`, true},
		"another action": {`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:PutObject"],
			"Resource":["a","b"]}]}`, false},
		"another effect": {`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":["s3:GetObject"],
			"Resource":["a","b"]}]}`, false},
		"fewer resources": {`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject"],
			"Resource":["a"]}]}`, false},
		"no JSON": {"{", false},
	} {
		if samePolicy(written, test.other) != test.same {
			t.Errorf("%s: want same = %t", name, test.same)
		}
	}
}

func TestEveryAccessHasAPolicyOfItsOwn(t *testing.T) {
	seen := map[string]bool{}
	for _, access := range []string{privateAccess, "public", "public-read", "public-write", "public-read-write"} {
		policy, err := accessPolicy("data", access)
		if err != nil || seen[policy] {
			t.Errorf("%s: policy %q, error %v", access, policy, err)
		}
		seen[policy] = true
	}
}

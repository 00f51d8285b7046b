package api

import "github.com/tongdan/tongdan/role"

// RightOf tells tests which right an operation takes, and whether it takes one at all.
func RightOf(operation string) (r role.Right, signedIn bool) {
	r, ok := rights[operation]
	return r, ok && r != nobody && r != anybody
}

// Package tongdan is the root of the module and holds no code: the binary is
// cmd/tongdan, the rooms of the house are described in docs/architecture.md, and the
// rule which of them may import which is the test beside this file.
package tongdan

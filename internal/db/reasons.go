package db

import (
	"encoding/json"

	"github.com/tongdan/tongdan/fault"
)

// coded is what is kept of a reason beside its text, which has a column of its own.
type coded struct {
	Code string            `json:"code"`
	Args map[string]string `json:"args,omitempty"`
	Said string            `json:"said,omitempty"`
}

const maxReason = 2000 // bytes; of a longer one the text alone is kept

// reasonDoc is the code and the arguments of a reason, "" when it has no code.
func reasonDoc(r fault.Reason) string {
	if r.Code == "" {
		return ""
	}
	b, err := json.Marshal(coded{r.Code, r.Args, r.Said})
	if err != nil || len(b) > maxReason {
		return ""
	}
	return string(b)
}

// readReason is a reason as it was kept. A document that cannot be read costs the code,
// never the text.
func readReason(text, doc string) fault.Reason {
	var c coded
	if doc == "" || json.Unmarshal([]byte(doc), &c) != nil {
		return fault.Reason{Text: text}
	}
	return fault.Reason{Code: c.Code, Text: text, Args: c.Args, Said: c.Said}
}

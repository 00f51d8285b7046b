package channel

// A Secret is a credential. It prints as "[secret]" whatever way it is printed: the
// text is behind a function, so that neither %#v nor JSON nor a log line can show it.
// The zero Secret is empty.
type Secret struct{ reveal func() string }

// NewSecret hides a text.
func NewSecret(s string) Secret { return Secret{func() string { return s }} }

// Reveal gives the text, to be used at once and never stored.
func (s Secret) Reveal() string {
	if s.reveal == nil {
		return ""
	}
	return s.reveal()
}

// String is for logs and shows nothing.
func (Secret) String() string { return "[secret]" }

// GoString is for %#v and shows nothing.
func (Secret) GoString() string { return "[secret]" }

// MarshalText is for JSON and slog and shows nothing.
func (Secret) MarshalText() ([]byte, error) { return []byte("[secret]"), nil }

package logger

import "regexp"

// gone stands where something was that must not be logged.
const gone = "[…]"

// What looks like something that must not be logged. Numbers of orders are longer than
// phone numbers (16 to 19 digits) and our ids and times are of another form, so they stay.
var patterns = []struct {
	re   *regexp.Regexp
	with string
}{
	// A URL's user and password.
	{regexp.MustCompile(`://[^/\s@:]+:[^/\s@]*@`), "://" + gone + "@"},
	// The values of parameters that sign or authorise, in queries, forms and JSON.
	{regexp.MustCompile(`(?i)\b(sig|sign|signature|token|access_token|refresh_token|client_secret|app_secret|secret|password|authorization|cookie|recipient_phone|recipient_name|recipient_address|phone)(["']?\s*[=:]\s*["']?)[^\s"'&,;}]{3,}`), "$1$2" + gone},
	{regexp.MustCompile(`\bcode=[^\s"'&,;}]{12,}`), "code=" + gone},
	{regexp.MustCompile(`(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}`), "$1 " + gone},
	// Tokens by their shape: Mercado Libre's, ours, JSON web tokens, long runs of hex.
	{regexp.MustCompile(`\b(APP_USR|TG|TEST)-[A-Za-z0-9-]{10,}`), gone},
	{regexp.MustCompile(`\btdk_[A-Za-z0-9_-]{8,}`), gone},
	{regexp.MustCompile(`\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]*)?`), gone},
	{regexp.MustCompile(`\b[0-9a-fA-F]{32,}\b`), gone},
	// Addresses of mail.
	{regexp.MustCompile(`[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}`), gone},
	// Phone numbers: with a country's code, Chinese mobiles (and relays with an extension),
	// Chinese land lines.
	{regexp.MustCompile(`\+\d{1,3}[ -]?\(?\d{1,4}\)?([ -]?\d){5,10}`), gone},
	{regexp.MustCompile(`(^|[^0-9A-Za-z])((?:86[ -]?)?1[3-9]\d(?:[ -]?\d{4}){2})((?:[_,转]\d{1,6})?)($|[^0-9A-Za-z])`), "$1" + gone + "$4"},
	{regexp.MustCompile(`(^|[^0-9A-Za-z])0\d{2,3}-\d{7,8}($|[^0-9])`), "$1" + gone + "$2"},
}

// Blot gives text without what looks like a phone number, an address of mail, a token, a
// signature or a password.
func Blot(text string) string {
	for _, p := range patterns {
		if p.re.MatchString(text) {
			text = p.re.ReplaceAllString(text, p.with)
		}
	}
	return text
}

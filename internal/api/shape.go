package api

import (
	"strings"

	"github.com/tongdan/tongdan/fault"
)

// shapeOf is what huma says of an input that does not fit its schema, for screens: by its
// own English, since it gives nothing else. What it may say tomorrow is "does not fit".
func shapeOf(message string) fault.Reason {
	for _, s := range shapes {
		rest, ok := strings.CutPrefix(message, s.begins)
		if !ok || s.with == nil && rest != "" && !strings.HasSuffix(s.begins, " ") {
			continue
		}
		if s.with != nil {
			return s.with(rest)
		}
		return s.why
	}
	return odd
}

// A shape is how a message begins, and what it means. With a with, the rest of the message
// is what it names; without one, a rest follows a space and is left out.
type shape struct {
	begins string
	why    fault.Reason
	with   func(rest string) fault.Reason
}

var (
	needed = fault.Because("field_needed", "is needed")
	aTime  = fault.Because("shape_time", "must be a moment such as 2026-01-31T08:00:00Z")
	whole  = fault.Because("shape_whole", "must be a whole number")
	number = fault.Because("shape_number", "must be a number")
	odd    = fault.Because("shape_other", "does not have the form that is needed here")
)

var shapes = []shape{
	{begins: "unexpected property", why: fault.Because("shape_unexpected", "is not known here")},
	{begins: "unknown query parameter", why: fault.Because("shape_unexpected", "is not known here")},
	{begins: "expected required property ", with: func(rest string) fault.Reason {
		return fault.Because("shape_missing", "{field} is missing", "field", strings.TrimSuffix(rest, " to be present"))
	}},
	{begins: "expected property ", with: func(rest string) fault.Reason {
		field, of, _ := strings.Cut(strings.TrimSuffix(rest, " is present"), " to be present when ")
		return fault.Because("shape_missing_beside", "{field} is missing beside {of}", "field", field, "of", of)
	}},
	{begins: "required ", why: needed}, // "required query parameter is missing"
	{begins: "expected string to be RFC 3339 date-time", why: aTime},
	{begins: "expected string to be RFC 1123 date-time", why: aTime},
	{begins: "invalid date/time for format ", why: aTime},
	{begins: "expected string to be RFC 3339 date", why: fault.Because("shape_date", "must be a date such as 2026-01-31")},
	{begins: "expected string to be RFC 3986 uri: ", why: fault.Because("shape_address", "must be an address such as https://hub.example.com")},
	{begins: "invalid url.URL value", why: fault.Because("shape_address", "must be an address such as https://hub.example.com")},
	{begins: "expected boolean", why: fault.Because("shape_yes_no", "must be true or false")},
	{begins: "invalid boolean", why: fault.Because("shape_yes_no", "must be true or false")},
	{begins: "expected integer", why: whole},
	{begins: "invalid integer", why: whole},
	{begins: "expected number", why: number},
	{begins: "invalid float", why: number},
	{begins: "invalid floating value", why: number},
	{begins: "expected number >= ", with: func(rest string) fault.Reason {
		return fault.Because("shape_least", "must be at least {least}", "least", rest)
	}},
	{begins: "expected number > ", with: func(rest string) fault.Reason {
		return fault.Because("shape_above", "must be more than {bound}", "bound", rest)
	}},
	{begins: "expected number <= ", with: func(rest string) fault.Reason {
		return fault.Because("shape_most", "must be at most {most}", "most", rest)
	}},
	{begins: "expected number < ", with: func(rest string) fault.Reason {
		return fault.Because("shape_below", "must be less than {bound}", "bound", rest)
	}},
	{begins: "expected number to be a multiple of ", with: func(rest string) fault.Reason {
		return fault.Because("shape_multiple", "must be a multiple of {of}", "of", rest)
	}},
	{begins: "expected string", why: fault.Because("shape_text", "must be a text")},
	{begins: "expected array", why: fault.Because("shape_list", "must be a list")},
	{begins: "expected object", why: fault.Because("shape_object", "must be an object")},
	{begins: "expected array items to be unique", why: fault.Because("shape_twice", "names something twice")},
	{begins: `expected value to be one of "`, with: func(rest string) fault.Reason {
		return fault.Because("field_none_of", "is none of {list}", "list", strings.TrimSuffix(rest, `"`))
	}},
	{begins: "expected at most one value, ", why: fault.Because("shape_once", "may be given once")},
	{begins: "expected length >= ", with: func(rest string) fault.Reason {
		if rest == "1" {
			return needed
		}
		return fault.Because("shape_short", "must have at least {least} characters", "least", rest)
	}},
	{begins: "expected length <= ", with: func(rest string) fault.Reason {
		return fault.Because("field_long", "is longer than {most} characters", "most", rest)
	}},
	{begins: "expected array length >= ", with: fewest},
	{begins: "expected array length <= ", with: most},
	{begins: "expected object with at least ", with: func(rest string) fault.Reason { return fewest(strings.TrimSuffix(rest, " properties")) }},
	{begins: "expected object with at most ", with: func(rest string) fault.Reason { return most(strings.TrimSuffix(rest, " properties")) }},
	{begins: "expected string to match pattern ", why: odd},
	{begins: "expected string to be ", why: odd}, // an address of a network, a pattern, base64
	{begins: "expected duration: ", why: odd},
	{begins: "expected value to ", why: odd}, // match one of several schemas, or none
	{begins: "expected propertyName value to be present in object", why: odd},
	{begins: "invalid value: ", why: odd},
}

func fewest(n string) fault.Reason {
	if n == "1" {
		return needed
	}
	return fault.Because("shape_few", "must have at least {least} entries", "least", n)
}

func most(n string) fault.Reason {
	return fault.Because("shape_many", "must have at most {most} entries", "most", n)
}

package printer

import (
	"net"
	"strings"

	"github.com/tongdan/tongdan/fault"
)

// Port is where network printers listen.
const Port = "9100"

// Address completes and checks a printer's address: host or host:port.
func Address(s string) (string, error) {
	s = strings.TrimSpace(s)
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		host, port = strings.Trim(s, "[]"), Port
	}
	if host == "" || len(host) > 200 || strings.ContainsAny(host, " /@?#%") || !number(port) {
		return "", fault.Say("printer.Address", fault.Invalid, "printer_address", "give the printer's address, such as 192.168.1.50 or 192.168.1.50:9100")
	}
	return net.JoinHostPort(host, port), nil
}

func number(s string) bool {
	return s != "" && len(s) <= 5 && strings.Trim(s, "0123456789") == ""
}

package meituan

// What the page of endpoints is written from.

// Phrase gives the service providers' path of a call, "" where there is none.
func Phrase(direct string) string { return phrases[direct].path }

// Phrased lists the calls that the service providers' platform has.
func Phrased() (list []string) {
	for k := range phrases {
		list = append(list, k)
	}
	return list
}

// Pushed lists the messages of both platforms: path, name.
func Pushed() (direct, partner [][2]string) {
	for _, p := range pushes {
		direct = append(direct, [2]string{p.path, p.text.ZH})
	}
	for _, p := range partnerPushes {
		partner = append(partner, [2]string{p.path, p.text.ZH})
	}
	return direct, partner
}

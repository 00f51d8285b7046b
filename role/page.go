package role

import "strings"

// Page is the table as documentation.
func Page() string {
	var b strings.Builder
	b.WriteString("# Roles\n\n<!-- Written by `make generate` from package role. Do not edit. -->\n\n" +
		"Who works for a merchant has one role, and some stores or all. The role says what may be done, the stores on what; both are decided on the server for every request,\n" +
		"and a foreign store's order answers as if it did not exist. Owner and headquarters always have all stores. An API key has a role and stores as well.\n\n" +
		"Whether customers' names, numbers and addresses are shown in full is said for each person and key, whatever the role.\n\n|")
	for _, r := range Roles {
		b.WriteString(" | " + titles[r].en + "<br>" + titles[r].zh)
	}
	b.WriteString(" |\n| ---" + strings.Repeat(" | :-:", len(Roles)) + " |\n")
	starred := false
	for _, x := range table {
		b.WriteString("| " + x.what + " (`" + string(x.right) + "`)")
		for _, r := range Roles {
			switch {
			case !r.May(x.right, true):
				b.WriteString(" | –")
			case x.whole && !r.Everywhere():
				starred = true
				b.WriteString(" | all*")
			default:
				b.WriteString(" | ✓")
			}
		}
		b.WriteString(" |\n")
	}
	if starred {
		b.WriteString("\nall*: only with all stores, since it concerns what belongs to no one store.\n")
	}
	b.WriteString("\nScreens that are paired with a store (docs/screens.md) have a role of their own, of that store alone. Where a person has unlocked one with a PIN, both must have the right.\n\n|")
	for _, r := range Screens {
		b.WriteString(" | " + titles[r].en + "<br>" + titles[r].zh)
	}
	b.WriteString(" |\n| ---" + strings.Repeat(" | :-:", len(Screens)) + " |\n")
	for _, x := range table {
		var cells strings.Builder
		for _, r := range Screens {
			cells.WriteString(map[bool]string{true: " | ✓", false: " | –"}[r.May(x.right, false)])
		}
		if strings.Contains(cells.String(), "✓") {
			b.WriteString("| " + x.what + " (`" + string(x.right) + "`)" + cells.String() + " |\n")
		}
	}
	b.WriteString("\nThe kitchen screen and the call-out board may ask for fewer things besides: what their pages show, and no customer in full.\n")
	b.WriteString("\nHeadquarters keeps people of every role but owner; only an owner makes or changes owners. Nobody changes his own role, stores or suspension.\n")
	return b.String()
}

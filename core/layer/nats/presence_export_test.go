package chanxnats

import "time"

// ForgetAfter sets for how long ends are kept, before presence is used.
func (l *Layer) ForgetAfter(d time.Duration) { l.presence.forget = d }

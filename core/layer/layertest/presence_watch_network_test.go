package layertest_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/chanx-go/chanx/core/layer"
	"github.com/chanx-go/chanx/core/layer/internal/gate"
)

// Faults of presence, beside those of network.
const (
	noPresence        fault = "has no presence"
	tellsNobodyFirst  fault = "does not tell first who is present"
	tellsFirstLater   fault = "tells who is present after Watch has returned"
	sortsBackwards    fault = "sorts members backwards"
	tellsEachSession  fault = "tells of a session that enters again"
	ignoresKeys       fault = "takes sessions for the same whose keys differ"
	ignoresIDs        fault = "takes sessions for the same whose ids differ"
	ignoresOwners     fault = "takes sessions for the same whose owners differ"
	showsFirst        fault = "shows the info of the session that entered first"
	infoNotTold       fault = "does not tell of another info"
	againIsLast       fault = "takes entering again for a change"
	keysFoldCase      fault = "takes keys for the same that differ in case"
	idsFoldCase       fault = "takes ids for the same that differ in case"
	ownersFoldCase    fault = "takes owners for the same that differ in case"
	publishesPresence fault = "delivers to subscribers that somebody entered"
	leavesOnce        fault = "fails to end a session that isn't there"
	watchesLate       fault = "watches from a moment after who was present"
	watchesEarly      fault = "watches from a moment before who was present"
	noGrace           fault = "knows no grace"
	graceTold         fault = "tells who enters again in grace"
	graceHidesInfo    fault = "shows no info in grace"
	leaveEndsGrace    fault = "ends the grace when the key leaves again"
	endlessGrace      fault = "ends no grace"
	halvesTimes       fault = "ends leases and graces after half their time"
	graceOfAny        fault = "begins a grace when others of the key are there"
	graceEndsSessions fault = "ends with a grace who entered again meanwhile"
	oldGraceEnds      fault = "ends with a grace another one that began later"
	ownerEndsGraces   fault = "ends graces with a lease"
	needsNoLease      fault = "lets enter without a lease"
	endsWithRenew     fault = "takes a lease of nothing"
	alwaysFresh       fault = "takes each owner for fresh"
	neverFresh        fault = "takes no owner for fresh"
	endlessLease      fault = "ends no lease"
	endedButAlive     fault = "keeps the lease of an owner that it has ended"
	endsOneChannel    fault = "ends sessions on one channel only"
	sweepsForWatchers fault = "ends leases and graces while somebody watches only"
	revives           fault = "gives an owner back what its lease has ended"
	ownerEndsKeys     fault = "ends other owners' sessions of the same key"
	neverProlongs     fault = "does not prolong a lease"
	releasesLater     fault = "does not end sessions with Release"
	releasesOnce      fault = "fails to release twice"
	watchesKeep       fault = "forgets who is present with the last watch"
	blocksInHandlers  fault = "can't be called inside a handler"
	closesAtOnce      fault = "does not wait for handlers in Close"
	firstAfterClose   fault = "makes the first call of a watch after Close has returned"
	staysInHandlers   fault = "does not unsubscribe inside a handler"
)

func (h *handle) Watch(
	ctx context.Context, name string, handler func(layer.PresenceChange),
) (layer.Subscription, error) {
	unlock, err := h.usable(ctx)
	if err != nil {
		return nil, err
	}
	n, f, c := h.network, h.network.fault, h.channel(presence, name)
	members := n.present.members(f, c)
	unlock()
	if f == watchesLate {
		<-time.After(time.Millisecond)
	}
	told := make(chan struct{}) // closed after the first call
	sub, err := h.subscribe(ctx, c, func(message any) {
		<-told
		handler(message.(layer.PresenceChange))
	}, func(*networkSub) {
		if f != firstAfterClose {
			h.running.Add(1)
		}
		if f != watchesLate {
			members = n.present.members(f, c)
		}
	})
	if err != nil {
		return nil, err
	}
	if f == watchesEarly {
		<-time.After(time.Millisecond)
		n.mu.Lock()
		members = n.present.members(f, c)
		n.mu.Unlock()
	}
	first := func() {
		if f == firstAfterClose {
			<-time.After(time.Millisecond)
		} else {
			defer h.running.Done()
		}
		defer close(told)
		if f == tellsNobodyFirst {
			members = nil
		}
		var g gate.Gate
		g.Run(func() { handler(layer.PresenceChange{All: true, Joined: sorted(f, members)}) })
	}
	if f == tellsFirstLater {
		go first()
	} else {
		first()
	}
	return watchSub{sub.(*networkSub)}, nil
}

type watchSub struct{ *networkSub }

func (s watchSub) Unsubscribe() error {
	n := s.handle.network
	if n.fault == staysInHandlers && gate.Inside() {
		return nil
	}
	err := s.networkSub.Unsubscribe()
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.fault == watchesKeep && !slices.ContainsFunc(n.subs, func(other *networkSub) bool {
		return other.channel == s.channel
	}) {
		n.present.sessions = slices.DeleteFunc(n.present.sessions, func(p presentSession) bool {
			return p.channel == s.channel
		})
	}
	return err
}

// The suite finds each broken rule of presence.
func TestPresenceFaults(t *testing.T) {
	t.Parallel()
	findFaults(t, map[fault]string{
		noPresence:        "Presence",
		ownProcessOnly:    "Presence/EnterAndLeave",
		tellsNobodyFirst:  "Presence/Snapshot",
		tellsFirstLater:   "Presence/Snapshot",
		sortsBackwards:    "Presence/Snapshot",
		tellsEachSession:  "Presence/Info",
		ignoresIDs:        "Presence/SessionsOfOneKey",
		ignoresKeys:       "Presence/SameNames",
		ignoresOwners:     "Presence/SameNames",
		showsFirst:        "Presence/Info",
		infoNotTold:       "Presence/Info",
		againIsLast:       "Presence/Info",
		truncates:         "Presence/InfoBytes",
		aliases:           "Presence/InfoBufferReused",
		foldsCase:         "Presence/Names",
		cutsNames:         "Presence/Names",
		keysFoldCase:      "Presence/Names",
		idsFoldCase:       "Presence/Names",
		ownersFoldCase:    "Presence/Names",
		publishesPresence: "Presence/ApartFromPublish",
		leavesOnce:        "Presence/LeaveOfNobody",
		loses:             "Presence/NothingLost",
		repeats:           "Presence/NothingLost",
		reorders:          "Presence/NothingLost",
		concurrent:        "Presence/NothingLost",
		watchesLate:       "Presence/WatchAmidChanges",
		watchesEarly:      "Presence/WatchAmidChanges",
		noGrace:           "Presence/Grace",
		graceTold:         "Presence/Grace",
		graceHidesInfo:    "Presence/Grace",
		leaveEndsGrace:    "Presence/Grace",
		endlessGrace:      "Presence/GraceEnds",
		halvesTimes:       "Presence/GraceEnds",
		graceOfAny:        "Presence/GraceOfLastSession",
		sweepsForWatchers: "Presence/GraceWithoutWatch",
		graceEndsSessions: "Presence/GraceEndedByEnter",
		oldGraceEnds:      "Presence/GraceEndedByEnter",
		ownerEndsGraces:   "Presence/GraceOutlivesOwner",
		needsNoLease:      "Presence/NoLease",
		endsWithRenew:     "Presence/NoLease",
		alwaysFresh:       "Presence/Renew",
		neverFresh:        "Presence/Renew",
		endlessLease:      "Presence/LeaseEnds",
		endedButAlive:     "Presence/LeaseEnds",
		endsOneChannel:    "Presence/LeaseEnds",
		revives:           "Presence/LeaseEndsWithoutWatch",
		ownerEndsKeys:     "Presence/LeaseEndsForOneOwner",
		neverProlongs:     "Presence/LeaseProlonged",
		releasesLater:     "Presence/Release",
		releasesOnce:      "Presence/Release",
		watchesKeep:       "Presence/Unsubscribe",
		doesNotWait:       "Presence/UnsubscribeWaits",
		keepsCalling:      "Presence/UnsubscribeWaits",
		ignoresContext:    "Presence/ContextEnded",
		tiesContext:       "Presence/ContextEnded",
		ignoresClose:      "Presence/Close",
		closesAtOnce:      "Presence/CloseWaits",
		firstAfterClose:   "Presence/CloseRace",
		leaks:             "Presence/CloseLeavesNoGoroutine",
		closesAll:         "Presence/CloseLeavesOthers",
		waitsForSelf:      "Presence/ChangeInHandler",
		blocksInHandlers:  "Presence/ChangeInFirstCall",
		staysInHandlers:   "Presence/UnsubscribeInHandler",
	})
	// Some break more than one.
	findFaults(t, map[fault]string{
		halvesTimes:       "Presence/LeaseEnds",
		sweepsForWatchers: "Presence/LeaseEndsWithoutWatch",
		keepsCalling:      "Presence/UnsubscribeRace",
		blocksInHandlers:  "Presence/WatchInHandler",
	})
}

package main

import (
	"context"
	"log/slog"
)

const mostListed = 100

// Who asks every process who is connected to it. What has come by the deadline is
// the answer: its coverage says what is missing.
func (s *Seat) Who(ctx context.Context, _ Who) (Everybody, error) {
	members, err := s.desk.seats.Members(ctx, everybody, mostListed)
	s.partial(ctx, err)
	return Everybody(members), nil
}

// Count asks every process how many connections it has.
func (s *Seat) Count(ctx context.Context, _ Count) (Counted, error) {
	count, err := s.desk.hub.CountConnections(ctx)
	s.partial(ctx, err)
	return Counted(count), nil
}

// Disconnect ends the connections of a user, wherever they are. An application lets
// few people do that.
func (s *Seat) Disconnect(ctx context.Context, m Disconnect) (Disconnected, error) {
	done, err := s.desk.hub.Disconnect(ctx, m.User, 0, "disconnected by "+string(s.user))
	s.partial(ctx, err)
	return Disconnected(done), nil
}

// partial logs why a result is this process's alone: what there is of it is good.
func (s *Seat) partial(ctx context.Context, err error) {
	if err != nil {
		slog.WarnContext(ctx, "scaleout: the other processes were not asked", "error", err)
	}
}

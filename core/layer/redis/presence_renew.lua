-- KEYS and ARGV: of the partition. ARGV: owner, lease in ms, a mark for a new lease.
-- Returns 1 where the lease is new, and in how many ms something has to be tended.
--
-- The mark is the same when a call is made again whose outcome is not known, so that
-- a new lease is told of even then.
--
-- A server that started, or has taken another's place, may have lost sessions, or
-- that they were left. So the owner gets a new lease there, as if it had none, and
-- enters all its sessions again. Those of the old one stay until that runs out:
-- whoever has entered anew meanwhile has never been away.
local fence = string.sub(string.match(redis.call('INFO', 'replication'), 'master_replid:(%x+)'), 1, 16)
endLeases()
local owner, ends = ARGV[6], now + ARGV[7]
local mark, fresh = ARGV[8], 1
local of = redis.call('HGET', owners, owner)
if of then
  local old = markOf(of)
  local score = redis.call('ZSCORE', leases, old .. owner)
  if not score then
    endLease(old, owner)
  elseif string.sub(of, markLength + 1) == fence then
    fresh = old == mark and 1 or 0
    mark = old
  elseif tonumber(score) > ends then
    redis.call('ZADD', leases, text(ends), old .. owner)
  end
end
redis.call('HSET', owners, owner, mark .. fence)
redis.call('ZADD', leases, text(ends), mark .. owner)
return { fresh, tend() }

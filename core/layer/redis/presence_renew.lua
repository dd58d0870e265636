-- KEYS and ARGV: of the partition. ARGV: owner, lease in ms, and marks, of which the
-- last is for a new lease. Returns 1 where the lease is new, and in how many ms
-- something has to be tended.
--
-- The other marks are those of calls before whose outcome is not known, so that a new
-- lease is told of even then.
--
-- A server that started, or has taken another's place, may have lost sessions, or
-- that they were left. So the owner gets a new lease there, as if it had none, and
-- enters all its sessions again. Those of the old one stay until that runs out:
-- whoever has entered anew meanwhile has never been away.
local fence = string.sub(string.match(redis.call('INFO', 'replication'), 'master_replid:(%x+)'), 1, 16)
endLeases()
local owner, ends = ARGV[6], now + ARGV[7]
local mark = ARGV[#ARGV]
local of = redis.call('HGET', owners, owner)
if of then
  local old = markOf(of)
  local score = redis.call('ZSCORE', leases, old .. owner)
  if not score then
    endLease(old, owner)
  elseif string.sub(of, markLength + 1) == fence then
    -- Removed first, so that a server whose memory is full lets it be prolonged: it
    -- refuses a script's first write only, and only one that may take more of it.
    redis.call('ZREM', leases, old .. owner)
    redis.call('ZADD', leases, text(ends), old .. owner)
    local fresh = 0
    for i = 8, #ARGV do
      if ARGV[i] == old then fresh = 1 end
    end
    return { fresh, tend() }
  elseif tonumber(score) > ends then
    redis.call('ZADD', leases, text(ends), old .. owner)
  end
end
redis.call('HSET', owners, owner, mark .. fence)
redis.call('ZADD', leases, text(ends), mark .. owner)
return { 1, tend() }

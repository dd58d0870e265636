-- KEYS and ARGV: of the partition. ARGV: room, owner, key, id, info.
-- Returns 0 where the owner has no lease.
local room = enterRoom(ARGV[6])
local of = redis.call('HGET', owners, ARGV[7])
if not of or not redis.call('ZSCORE', leases, markOf(of) .. ARGV[7]) then return 0 end
local mark, key, info = markOf(of), ARGV[8], ARGV[10]
local ref = mark .. ARGV[9]

local s = session(room, key, ref)
local last, shown = member(room, key)
if s and last and last ~= '' then
  if last == ref and shown == info or last ~= ref and s[3] == info then return 1 end
  touch(room, key)
  if last == ref then
    setMember(room, key, ref, info)
  else
    unlink(room, key, s)
    link(room, key, ref, info)
  end
else
  touch(room, key)
  redis.call('SADD', roomsOf .. mark, room.name)
  if last == '' then redis.call('ZREM', graces, join(room.name, key)) end
  link(room, key, ref, info)
end
tell(room)
return 1

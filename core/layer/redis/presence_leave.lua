-- KEYS and ARGV: of the partition. ARGV: room, owner, key, id, grace in ms.
local room = enterRoom(ARGV[6])
local of = redis.call('HGET', owners, ARGV[7])
if of then
  local grace = tonumber(ARGV[10])
  leave(room, ARGV[8], markOf(of) .. ARGV[9], grace > 0 and now + grace or nil)
  tell(room)
end
return 1

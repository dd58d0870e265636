-- KEYS and ARGV: of the partition. ARGV: room, owner, key, id, grace in ms.
local room = enterRoom(ARGV[5])
local of = redis.call('HGET', owners, ARGV[6])
if of then
  local grace = tonumber(ARGV[9])
  leave(room, ARGV[7], markOf(of) .. ARGV[8], grace > 0 and now + grace or nil)
  tell(room)
end
return 1

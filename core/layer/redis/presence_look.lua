-- KEYS and ARGV: of the partition. ARGV: room, and 1 where its version is to stay.
-- Prepares the room's members for being read. Returns 0 where it takes another call.
local room, all = enterRoom(ARGV[6])
if ARGV[7] == '1' then
  redis.call('HSETNX', room.who, 'v', text(time[1] * 1000000 + time[2]))
  if redis.call('HLEN', room.who) == 1 then redis.call('PEXPIRE', room.who, stay) end
end
return all and 1 or 0

-- KEYS and ARGV: of the partition. ARGV: room, and 1 where its version is to stay.
-- Prepares the room's members for being read.
local room = enterRoom(ARGV[5])
if ARGV[6] == '1' then
  redis.call('HSETNX', room.who, 'v', text(time[1] * 1000000 + time[2]))
  if redis.call('HLEN', room.who) == 1 then redis.call('PEXPIRE', room.who, stay) end
end
return 1

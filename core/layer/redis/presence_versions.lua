-- KEYS and ARGV: of the partition. ARGV: rooms. Returns their versions, 0 for one
-- that is not known.
local result = {}
for i = 6, #ARGV do
  local who = whoOf .. ARGV[i]
  result[#result + 1] = redis.call('HGET', who, 'v') or '0'
  if redis.call('HLEN', who) == 1 then redis.call('PEXPIRE', who, stay) end
end
return result

-- KEYS: head, log. ARGV: data, entries and age in ms that are to be kept, who appends,
-- the command that publishes.
local c = load(KEYS[1], KEYS[2], ARGV[4])
local entries, age = tonumber(ARGV[2]), tonumber(ARGV[3])
clear(c)
-- By the retention so far and by the new one: what has gone doesn't come back.
expire(c, now - math.min(c.age, age))
c.age = age
c.time = math.max(c.time, now)
c.last = c.last + 1
c.gone = math.max(c.gone, c.last - entries)
if c.gone == c.last - 1 then c.oldest = c.time end
redis.call('XADD', c.log, 'MINID', '=', c.gone + 1, string.format('%.0f-%.0f', c.last, c.time), 'd', ARGV[1])
redis.call('PEXPIRE', c.log, ARGV[3])
save(c)
redis.call(ARGV[5], c.log, '\1' .. text(c.last) .. ' ' .. c.epoch .. ' ' .. ARGV[1])
return redis.status_reply('OK')

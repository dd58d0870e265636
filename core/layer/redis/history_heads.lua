-- KEYS: head and log of each channel. ARGV: who asks. Returns epoch and number of the
-- last entry of each.
local result = {}
for i = 1, #KEYS, 2 do
  local c = load(KEYS[i], KEYS[i + 1], ARGV[1])
  touch(c)
  result[i], result[i + 1] = c.epoch, text(c.last)
end
return result

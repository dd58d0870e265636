package layertest

// historyTests are those of [layer.History].
var historyTests = []test{}

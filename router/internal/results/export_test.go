package results

// For the tests that read a store over HTTP, which package resultsapi, an importer of this one, has.
var (
	Each    = each
	Decided = decided
)

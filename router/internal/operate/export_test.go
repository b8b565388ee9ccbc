package operate

// The answers, for tests of whole routers.
type (
	OperatorDoc = operatorDoc
	BanReport   = banReport
)

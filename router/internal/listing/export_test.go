package listing

// Doc is the answer, for tests of whole routers.
type Doc = roomsDoc

package server

const (
	// replicaBudget is the memory that one replica may take on average, in bytes. One of the largest room takes four times
	// that.
	replicaBudget = 256 << 10
	// replicaShare is the part of the memory that replicas may take: one in so many.
	replicaShare = 4
	// minReplicas is the default limit where the memory is small or unknown.
	minReplicas = 4096
)

// replicasFor is how many rooms a process with so much memory may stand by for.
func replicasFor(memory int64) int {
	return max(minReplicas, int(memory/replicaShare/replicaBudget))
}

package dev.faithdiff.train;

/**
 * Those that share the batches of each step of a run. Each has the whole model, computes the gradients of its own batches, and takes the step by the
 * sum of all gradients, so that all models stay the same.
 */
public interface Workers {
    /** One worker that does everything. */
    Workers ALONE = new Workers() {
        @Override public int rank() { return 0; }

        @Override public int count() { return 1; }

        @Override public void sum(float[] values) {}
    };

    /** This worker's number, from 0. The first one writes the run's folder. */
    int rank();

    /** How many there are. */
    int count();

    /**
     * Puts the sums of all workers' values in their place, added in the order of ranks, and so the same bits for all. Waits for the others.
     *
     * @param values as many as the others'
     */
    void sum(float[] values);
}

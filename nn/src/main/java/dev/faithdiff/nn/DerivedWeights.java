package dev.faithdiff.nn;

import java.util.Map;

/** A source that hands out another source's tensors, changed or kept elsewhere. It closes the other source with itself. */
interface DerivedWeights extends WeightSource {
    /** The other source. */
    WeightSource source();

    @Override default String name() { return source().name(); }

    @Override default Map<String, Held> held() { return source().held(); }

    @Override default boolean hasValues() { return source().hasValues(); }

    @Override default void close() { source().close(); }
}

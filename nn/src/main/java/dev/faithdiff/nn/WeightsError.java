package dev.faithdiff.nn;

import java.util.List;

/** Weights that do not fit the model. The message names every key that is missing, is not used or has another shape. */
public final class WeightsError extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private static final int SHOWN = 20;

    WeightsError(String line) { super(line); }

    WeightsError(String file, List<String> problems) {
        this(file + ": " + problems.size() + (problems.size() == 1 ? " tensor does" : " tensors do") + " not fit the model: "
                + String.join("; ", problems.subList(0, Math.min(SHOWN, problems.size())))
                + (problems.size() > SHOWN ? "; and " + (problems.size() - SHOWN) + " more" : ""));
    }
}

package dev.faithdiff.restore;

import dev.faithdiff.model.ModelFolder;
import dev.faithdiff.nn.FileWeights;
import dev.faithdiff.nn.Residency;
import dev.faithdiff.nn.Residency.Place;
import dev.faithdiff.nn.Weights;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Function;

/** The weights of a model folder's parts, each opened when it is asked for, and closed together. */
public final class OpenParts implements AutoCloseable {
    private final ModelFolder folder;
    private final Compute on;
    private final Offload offload;
    private final Function<String, Place> places;
    private final Residency residency;
    private final Deque<Weights> open = new ArrayDeque<>();

    /** @param places network and block of a parameter, by its key, for weights that leave the device while they are not needed */
    public OpenParts(ModelFolder folder, Compute on, Function<String, Place> places) {
        this.folder = folder;
        this.on = on;
        this.places = places;
        // What steers a U-Net is on the device with it.
        long unet = folder.weightBytes("unet") + folder.weightBytes("control");
        long largest = Math.max(unet, Math.max(folder.weightBytes("dit"), folder.weightBytes("t5")));
        offload = on.offload().chosen(folder.weightBytes(""), largest, on.device(), on.activations());
        residency = offload.residency(on.device(), places);
    }

    /** Those of a file, such as {@code unet/model.safetensors}. */
    public Weights weights(String file) {
        Weights w = on.weights(new FileWeights(folder.path().resolve(file)), residency);
        open.push(w);
        return w;
    }

    /** Does work with the weights of a file that are open only meanwhile, so that they need no memory before and after it. */
    public <T> T passing(String file, Function<Weights, T> work) {
        Residency visits = offload.residency(on.device(), places);
        try (Weights w = on.weights(new FileWeights(folder.path().resolve(file)), visits); Residency _ = visits) {
            return work.apply(w);
        }
    }

    @Override public void close() {
        if (residency != null) residency.close();
        while (!open.isEmpty()) open.pop().close();
    }
}

package dev.faithdiff.restore.ram;

import dev.faithdiff.image.Image;
import dev.faithdiff.model.ModelFolder;
import dev.faithdiff.nn.FileWeights;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.restore.Compute;
import dev.faithdiff.restore.Gate;
import dev.faithdiff.restore.caption.Tagger;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Scope;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/** RAM, or DAPE, as a tagger of its own. */
final class RamTagger implements Tagger {
    private final Deque<Weights> open = new ArrayDeque<>();
    private final TaggerPart network;
    private final Gate gate;

    RamTagger(ModelFolder folder, Device device) {
        gate = new Gate("RamTagger", device, null);
        Compute on = Compute.on(device);
        try {
            network = new TaggerPart(folder.path(), device, file -> {
                open.push(on.weights(new FileWeights(folder.path().resolve(file)), null));
                return open.peek();
            });
        } catch (Throwable e) {
            free();
            throw e;
        }
    }

    @Override public List<Tag> tags(Image photo) {
        return gate.pass(() -> {
            try (Scope _ = Scope.open()) {
                return network.tags(network.embed(photo));
            }
        });
    }

    private void free() {
        while (!open.isEmpty()) open.pop().close();
    }

    @Override public void close() { gate.close(this::free); }
}

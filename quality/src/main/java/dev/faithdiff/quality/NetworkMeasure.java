package dev.faithdiff.quality;

import dev.faithdiff.image.FloatImage;
import dev.faithdiff.image.Image;
import dev.faithdiff.networks.Scorer;
import dev.faithdiff.networks.score.ScorerKind;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.nio.file.Path;

/** A measure that is a network, with the weights of a model folder, which are opened when they are first needed. */
public final class NetworkMeasure implements Measure, AutoCloseable {
    /** What becomes of images before the network sees them. */
    public enum Preparation {
        /** They stay as they are. */
        NONE(""),
        /** Both sides are brought to the network's, so that nothing is cut off. */
        SQUASH(""),
        /** The shorter side is brought to the network's, and the middle is cut out, as CLIP was trained. */
        CROP("-crop");

        private final String suffix;

        Preparation(String suffix) { this.suffix = suffix; }
    }

    private final ScorerKind kind;
    private final Preparation preparation;
    private final Path folder;
    private final Device device;
    private MeasureNetwork<Scorer> network;

    /** @param folder a model folder of that kind */
    public NetworkMeasure(ScorerKind kind, Preparation preparation, Path folder, Device device) {
        this.kind = kind;
        this.preparation = preparation;
        this.folder = folder;
        this.device = device;
    }

    /** The same measure on another device. */
    public NetworkMeasure on(Device other) { return new NetworkMeasure(kind, preparation, folder, other); }

    /** What a measure of a network is called. */
    static String name(ScorerKind kind, Preparation preparation) { return kind + preparation.suffix; }

    @Override public String name() { return name(kind, preparation); }

    @Override public Better better() { return Better.of(kind.isHigherBetter()); }

    @Override public boolean needsReference() { return kind.needsReference(); }

    /**
     * {@inheritDoc}
     *
     * @throws dev.faithdiff.model.ModelError if the folder is not of this kind, or {@link dev.faithdiff.nn.WeightsError} if it is not complete
     */
    @Override public double of(Image image, Image reference) {
        if (needsReference()) MeasureError.checkSizes(this, image, reference);
        return value(image, reference);
    }

    /** As {@link #of}, of images whose sizes may differ if they are brought to one size. */
    synchronized double value(Image image, Image reference) {
        if (network == null) network = MeasureNetwork.open(folder, kind.toString(), device, kind::build);
        if (preparation == Preparation.NONE) MeasureError.checkSide(this, image, network.network().leastSide());
        return device.exclusive(() -> {
            try (Scope _ = Scope.open()) {
                return (double) network.network().forward(tensor(image), needsReference() ? tensor(reference) : null).item();
            }
        });
    }

    private Tensor tensor(Image image) { return FloatImage.of(prepared(image)).toTensor().to(device); }

    private Image prepared(Image image) {
        int side = network.network().side();
        return switch (preparation) {
            case NONE -> image;
            case SQUASH -> ClipInput.squash(image, side);
            case CROP -> ClipInput.crop(image, side);
        };
    }

    @Override public synchronized void close() {
        if (network != null) network.close();
        network = null;
    }
}

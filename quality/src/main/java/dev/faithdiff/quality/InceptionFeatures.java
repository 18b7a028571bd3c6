package dev.faithdiff.quality;

import dev.faithdiff.degrade.Interpolation;
import dev.faithdiff.image.FloatImage;
import dev.faithdiff.image.Image;
import dev.faithdiff.networks.inception.Inception;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.ResizeOp;
import java.nio.file.Path;

/** What Inception sees in images, of which {@link FeatureSets} makes the Frechet distance (FID) and the kernel distance (KID) of two folders. */
public final class InceptionFeatures implements AutoCloseable {
    /** The kind of the model folder. */
    public static final String KIND = "inception";
    private static final float LARGEST = 255;

    /** How images come to the network's size; the two published ways give different distances. */
    public enum Resizing {
        /** Pillow's bicubic filter in float (clean-fid, pyiqa's default). */
        CLEAN {
            @Override Tensor of(Image image, int side) {
                Tensor x = FloatImage.of(image).toTensor().mul(LARGEST);
                return x.resize(new ResizeOp(ResizeOp.Kind.BICUBIC, true, side, side)).clamp(0, LARGEST);
            }

            @Override Tensor normalized(Tensor x) { return x.affine(1 / 128f, -1); }
        },
        /** PyTorch's bilinear filter, positions in float, which leaves out pixels where images shrink (pytorch-fid). */
        LEGACY {
            @Override Tensor of(Image image, int side) {
                return Interpolation.BILINEAR.toSize(FloatImage.of(image.to8Bits()), side, side).toTensor().mul(LARGEST);
            }

            @Override Tensor normalized(Tensor x) { return x.affine(2 / LARGEST, -1); }
        };

        /** {@code [1, side, side, 3]} of values 0..255, on the CPU. */
        abstract Tensor of(Image image, int side);

        /** Of values 0..255, to -1..1. */
        abstract Tensor normalized(Tensor x);
    }

    private final MeasureNetwork<Inception> network;
    private final Resizing resizing;
    private final Device device;

    private InceptionFeatures(MeasureNetwork<Inception> network, Resizing resizing, Device device) {
        this.network = network;
        this.resizing = resizing;
        this.device = device;
    }

    /** Opens a model folder. @throws dev.faithdiff.model.ModelError if it is of another kind */
    public static InceptionFeatures open(Path folder, Resizing resizing, Device device) {
        return new InceptionFeatures(MeasureNetwork.open(folder, KIND, device, (w, shapes, settings) -> new Inception(w, shapes)), resizing, device);
    }

    /** The features of an image of any size (released network: 2048). */
    public double[] of(Image image) {
        return device.exclusive(() -> {
            try (Scope _ = Scope.open()) {
                Tensor x = resizing.of(image, Inception.SIDE).to(device);
                float[] features = network.network().forward(resizing.normalized(x)).toFloats();
                double[] all = new double[features.length];
                for (int i = 0; i < all.length; i++) all[i] = features[i];
                return all;
            }
        });
    }

    @Override public void close() { network.close(); }
}

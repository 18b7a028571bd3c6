package dev.faithdiff.quality;

import dev.faithdiff.image.Image;
import dev.faithdiff.quality.InceptionFeatures.Resizing;
import dev.faithdiff.tensor.Device;
import java.nio.file.Path;
import java.util.Collection;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** How unlike two folders of photos are as a whole, by what Inception sees in them. Photos are not paired; less is better. */
public enum FolderDistance {
    /** The Frechet distance (Heusel et al. 2017), with photos resized as clean-fid does. */
    FID("fid", Resizing.CLEAN) {
        @Override double of(double[][] a, double[][] b) { return FeatureSets.frechet(a, b); }
    },
    /** The same with photos resized as pytorch-fid does. */
    FID_LEGACY("fid-legacy", Resizing.LEGACY) {
        @Override double of(double[][] a, double[][] b) { return FeatureSets.frechet(a, b); }
    },
    /** The unbiased kernel distance (Binkowski et al. 2018) of all photos at once, with photos resized as clean-fid does. */
    KID("kid", Resizing.CLEAN) {
        @Override double of(double[][] a, double[][] b) { return FeatureSets.polynomialKernel(a, b); }
    };

    private final String measure;
    private final Resizing resizing;

    FolderDistance(String measure, Resizing resizing) {
        this.measure = measure;
        this.resizing = resizing;
    }

    /** As users type it. */
    @Override public String toString() { return measure; }

    abstract double of(double[][] a, double[][] b);

    /** Why they cannot be had: no folder in {@code weights} holds the network. Null if they can. */
    public static String missing(Path weights) {
        return NetworkMeasures.folder(weights, InceptionFeatures.KIND) == null ? NetworkMeasures.missing(weights, InceptionFeatures.KIND) : null;
    }

    /**
     * The distances of two folders. Each photo goes through the network once for each way of resizing.
     *
     * @param weights the folder that holds the model folders of networks
     * @throws MeasureError if the network is missing, or one of the folders has fewer than two photos
     */
    public static Map<FolderDistance, Double> between(List<Path> a, List<Path> b, Collection<FolderDistance> wanted, Function<Path, Image> reads,
            Path weights, Device device) {
        String missing = missing(weights);
        if (missing != null) throw new MeasureError(missing);
        Map<FolderDistance, Double> found = new EnumMap<>(FolderDistance.class);
        for (Resizing resizing : wanted.stream().map(d -> d.resizing).distinct().toList()) {
            Path folder = NetworkMeasures.folder(weights, InceptionFeatures.KIND);
            try (InceptionFeatures network = InceptionFeatures.open(folder, resizing, device)) {
                double[][] ofA = a.stream().map(reads).map(network::of).toArray(double[][]::new);
                double[][] ofB = b.stream().map(reads).map(network::of).toArray(double[][]::new);
                wanted.stream().filter(d -> d.resizing == resizing).forEach(d -> found.put(d, d.of(ofA, ofB)));
            }
        }
        return found;
    }
}

package dev.faithdiff.restore;

import dev.faithdiff.image.Image;
import dev.faithdiff.image.ImageError;
import dev.faithdiff.tensor.OpError;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Engine;
import java.util.function.Supplier;

/** Finds values that are no numbers, and the op that made the first of them: it names its weight and so the layer. */
public final class Finite {
    private Finite() {}

    /** The result of some work. @throws OpError if it holds a NaN or an infinity, see {@link #require(Tensor, Supplier, String)} */
    public static Tensor require(Supplier<Tensor> work, String what) { return require(work.get(), work, what); }

    /**
     * The tensor itself.
     *
     * @param work what made it, or is to blame for it, to be done again with every op checked
     * @throws OpError if it holds a NaN or an infinity, naming the first op of the work that made one
     */
    public static Tensor require(Tensor t, Supplier<?> work, String what) {
        if (!Float.isFinite(t.mean().item())) throw found(work, what + " made values that are not finite");
        return t;
    }

    /**
     * The image that some work decodes.
     *
     * @throws OpError if it is not finite, or of one colour and the one that it was made of is not
     */
    public static Image image(Supplier<Image> work, Image of) {
        Image decoded;
        try {
            decoded = work.get();
        } catch (ImageError e) {
            throw found(work, e.getMessage());
        }
        if (isFlat(decoded) && !isFlat(of)) throw found(work, "decoding made an image of one colour");
        return decoded;
    }

    /** The error of some work that went wrong, with the op where it began. */
    public static OpError found(Supplier<?> work, String fault) {
        try (Scope _ = Scope.open()) {
            Engine.checked(work);
        } catch (OpError e) {
            return new OpError(fault + ", the first in " + e.getMessage());
        }
        return new OpError(fault + ", but every op of the network gives finite values");
    }

    private static boolean isFlat(Image image) {
        byte[] rgb = image.rgb();
        for (int i = 3; i < rgb.length; i++) if (rgb[i] != rgb[i - 3]) return false;
        return true;
    }
}

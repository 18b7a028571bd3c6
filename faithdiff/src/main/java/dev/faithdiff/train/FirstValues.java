package dev.faithdiff.train;

import dev.faithdiff.Model;
import dev.faithdiff.tensor.OpError;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.AffineOp;
import dev.faithdiff.tensor.op.Engine;
import java.util.Map;

/** Values that the published training starts from. */
public final class FirstValues {
    private FirstValues() {}

    /** The LQ encoder starts as the autoencoder's encoder. @throws OpError if the two have different sizes */
    public static void encoderFromAutoencoder(Model model) {
        Map<String, Tensor> from = model.vaeParameters("encoder.");
        model.parameters("denoise_encoder.").forEach((name, to) -> {
            Tensor t = from.get(name.replace("denoise_encoder.", "encoder."));
            if (t == null || !t.shape().equals(to.shape())) throw new OpError(name + " has no equal in the autoencoder's encoder");
            Engine.update(new AffineOp(1, 0), to, t);
        });
    }

    /** The alignment starts without effect: its last layers give zero (FaithDiff zero_module). */
    public static void silentAlignment(Model model) {
        for (String layer : new String[] {"condition_embedding.conv_out.", "spatial_ch_projs."}) {
            for (Tensor t : model.parameters(layer).values()) Engine.update(new AffineOp(0, 0), t, t);
        }
    }
}

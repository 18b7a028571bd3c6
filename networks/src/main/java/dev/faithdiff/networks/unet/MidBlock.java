package dev.faithdiff.networks.unet;

import dev.faithdiff.nn.ResnetBlock;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.util.List;

/** The middle of a U-Net: a resnet, transformers, a resnet (diffusers UNetMidBlock2DCrossAttn). */
public final class MidBlock {
    private final UNetLayer first, second;

    MidBlock(Weights w, UNetConfig c) {
        Weights block = w.at("mid_block");
        int level = c.channels().length - 1, width = c.channels()[level];
        ResnetBlock in = UNetLayer.resnet(block.at("resnets", 0), c, width, width);
        ResnetBlock out = UNetLayer.resnet(block.at("resnets", 1), c, width, width);
        first = new UNetLayer(in, UNetLayer.transformers(block, c, level, 0, c.transformers().middle()), Site.Part.MIDDLE, level, 0);
        second = new UNetLayer(out, List.of(), Site.Part.MIDDLE, level, 1);
    }

    /** @param h {@code [B, H, W, channels]} of the last level */
    Tensor forward(Tensor h, Tensor temb, Control control, List<Context> contexts) {
        try (Scope s = Scope.open()) {
            Tensor x = first.forward(h, temb, control, contexts);
            x = s.replace(x, second.forward(x, temb, control, contexts));
            return s.keep(control.at(new Site.Middle(), x));
        }
    }
}

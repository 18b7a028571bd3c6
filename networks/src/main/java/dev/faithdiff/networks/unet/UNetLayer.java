package dev.faithdiff.networks.unet;

import dev.faithdiff.nn.ResnetBlock;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/** A resnet and the transformers behind it, if any: what each level of a U-Net consists of. */
record UNetLayer(ResnetBlock resnet, List<SpatialTransformer> transformers, Site.Resnet inside, Site.Layer behind) {
    UNetLayer(ResnetBlock resnet, List<SpatialTransformer> transformers, Site.Part part, int level, int layer) {
        this(resnet, transformers, new Site.Resnet(part, level, layer), new Site.Layer(part, level, layer));
    }

    /** Layer {@code j} of a level on the down or up path. */
    static UNetLayer of(Weights block, UNetConfig c, Site.Part part, int level, int j, int in) {
        ResnetBlock resnet = resnet(block.at("resnets", j), c, in, c.channels()[level]);
        return new UNetLayer(resnet, transformers(block, c, level, j, c.transformers().depth()[level]), part, level, j);
    }

    static ResnetBlock resnet(Weights w, UNetConfig c, int in, int out) {
        return new ResnetBlock(w, in, out, c.time().width(), c.norm().groups(in), c.norm().groups(out), c.norm().eps());
    }

    static List<SpatialTransformer> transformers(Weights block, UNetConfig c, int level, int j, int depth) {
        List<SpatialTransformer> all = new ArrayList<>();
        if (depth == 0) return all;
        for (UNetConfig.Kind kind : c.transformers().kinds()) {
            all.add(new SpatialTransformer(block.at(kind.name(), j), c, level, depth, kind.contextWidth()));
        }
        return all;
    }

    /** @param h {@code [B, H, W, in]} @return {@code [B, H, W, channels]} */
    Tensor forward(Tensor h, Tensor temb, Control control, List<Context> contexts) {
        try (Scope s = Scope.open()) {
            Tensor x = resnet.forward(h, temb, control == Control.NONE ? null : branch -> control.at(inside, branch));
            for (int i = 0; i < transformers.size(); i++) {
                Context context = i < contexts.size() ? contexts.get(i).from(behind, x) : null; // none for self-attention only
                x = s.replace(x, transformers.get(i).forward(x, context));
            }
            return s.keep(control.at(behind, x));
        }
    }
}

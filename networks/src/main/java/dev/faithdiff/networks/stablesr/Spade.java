package dev.faithdiff.networks.stablesr;

import dev.faithdiff.networks.unet.Control;
import dev.faithdiff.networks.unet.Site;
import dev.faithdiff.networks.unet.UNetConfig;
import dev.faithdiff.nn.Conv2d;
import dev.faithdiff.nn.GroupNorm;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Modulation of a U-Net by maps of a photo: what each resnet's convolutions give is normed, and then scaled and moved, pixel by pixel, by what two
 * convolutions make of its level's map (Park et al. 2019; StableSR ResBlockDual).
 */
public final class Spade {
    /** One resnet's. */
    private record Layer(GroupNorm norm, Conv2d shared, Conv2d gamma, Conv2d beta) {
        static Layer of(Weights resnet, UNetConfig c, StructureConfig s, int width) {
            Weights w = resnet.at("spade");
            GroupNorm norm = new GroupNorm(w.at("param_free_norm"), width, c.norm().groups(width), c.norm().eps()); // not free, for all its name
            return new Layer(norm, new Conv2d(w.at("mlp_shared.0"), s.outChannels(), s.hidden(), 3),
                    new Conv2d(w.at("mlp_gamma"), s.hidden(), width, 3), new Conv2d(w.at("mlp_beta"), s.hidden(), width, 3));
        }

        Tensor forward(Tensor h, Tensor map) {
            try (Scope s = Scope.open()) {
                Tensor x = shared.forward(map);                                       // [1, H, W, hidden]
                x = s.replace(x, x.relu());
                Tensor scale = gamma.forward(x);                                      // [1, H, W, C]
                scale = s.replace(scale, scale.affine(1, 1));
                x = s.replace(x, beta.forward(x));
                Tensor normed = norm.forward(h);                                      // [B, H, W, C]
                normed = s.replace(normed, normed.mul(scale));
                return s.keep(normed.add(x));
            }
        }
    }

    private final Map<Site, Layer> layers = new HashMap<>();

    /** @param c the sizes of the U-Net @param s those of the maps */
    public Spade(Weights w, UNetConfig c, StructureConfig s) {
        int[] channels = c.channels();
        int last = channels.length - 1;
        for (int i = 0; i <= last; i++) {
            for (int j = 0; j < c.layers(); j++) add(w.at("down_blocks", i).at("resnets", j), c, s, new Site.Resnet(Site.Part.DOWN, i, j));
        }
        for (int j = 0; j < 2; j++) add(w.at("mid_block.resnets", j), c, s, new Site.Resnet(Site.Part.MIDDLE, last, j));
        for (int i = last; i >= 0; i--) {
            for (int j = 0; j <= c.layers(); j++) add(w.at("up_blocks", last - i).at("resnets", j), c, s, new Site.Resnet(Site.Part.UP, i, j));
        }
    }

    private void add(Weights resnet, UNetConfig c, StructureConfig s, Site.Resnet site) {
        layers.put(site, Layer.of(resnet, c, s, c.channels()[site.level()]));
    }

    /** A control that modulates by maps, one for each level, outermost first: {@code [1, h/2^i, w/2^i, C]}, for all rows of a batch. */
    public Control by(List<Tensor> maps) {
        return (site, h) -> site instanceof Site.Resnet at ? layers.get(site).forward(h, maps.get(at.level())) : h;
    }
}

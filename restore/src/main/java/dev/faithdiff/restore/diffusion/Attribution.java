package dev.faithdiff.restore.diffusion;

import dev.faithdiff.networks.unet.Context;
import dev.faithdiff.networks.unet.Site;
import dev.faithdiff.restore.HeatMap;
import dev.faithdiff.restore.tiles.TileGrid;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.BinaryOp;
import dev.faithdiff.tensor.op.Engine;
import dev.faithdiff.tensor.op.ResizeOp;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * Where a U-Net looks at words of its prompt (DAAM, Tang et al. 2023, github.com/castorini/daam). For each head of each attention to the text,
 * but those of the middle, the probabilities of each token are averaged over the steps, enlarged to the tile's latents and cut at 0. Their mean
 * over all heads is the token's map, and that of its tokens the word's. (Published are sums over steps, which differ by a factor.) Tiles are
 * merged as latents are.
 *
 * <p>Nothing of the restoration changes: the probabilities are computed once more, from queries and keys, in F32. Its tensors belong to the scope
 * it is made in. Without words it does nothing.
 */
public final class Attribution implements Context.Watcher {
    /** Where a word's tokens stand among those of the text. */
    private record Word(String text, int[] places) {}

    /** The attention of a block in one tile. */
    private record Source(int tile, Object block) {}

    /** The sums over steps of an attention's probabilities, on the CPU. */
    private static final class Sums {
        final Context.Place place;
        final int heads;
        final Tensor total; // [tokens, heads*H*W]
        int steps = 1;

        Sums(Context.Place place, int heads, Tensor first) {
            this.place = place;
            this.heads = heads;
            total = first;
        }
    }

    private final TileGrid grid;
    private final List<Word> words;
    private final Scope owner;
    private final Map<Source, Sums> sums = new LinkedHashMap<>();
    private int tile;

    /**
     * @param words  whose maps are wanted; none: nothing is done
     * @param places of a word's tokens among the states of the text
     * @throws IllegalArgumentException in one line if a word has none
     */
    public Attribution(TileGrid grid, List<String> words, Function<String, int[]> places) {
        this.grid = grid;
        this.words = words.stream().map(w -> new Word(w, places.apply(w))).toList();
        owner = Scope.current();
        for (Word w : this.words) {
            if (w.places.length == 0) throw new IllegalArgumentException("the prompt, as the model reads it, has no '" + w.text + "'");
        }
    }

    /** The context of the prompt, watched if there are words. If it has several rows, the last one is the prompt's. */
    public Context watched(Context prompt) { return words.isEmpty() ? prompt : prompt.watchedBy(this); }

    /** The denoiser of the same loop as the context, which tells the tiles apart. */
    public Denoiser over(Denoiser denoiser) {
        if (words.isEmpty()) return denoiser;
        return (latents, at) -> {
            tile = at.tile();
            return denoiser.predict(latents, at);
        };
    }

    @Override public void attends(Context.Place place, Object block, Tensor queries, Tensor keys, int heads) {
        if (place.layer().part() == Site.Part.MIDDLE) return;
        try (Scope _ = Scope.open()) {
            Tensor q = heads(queries, heads), k = heads(keys, heads);
            Tensor p = q.matmul(k, false, true).mul((float) (1 / Math.sqrt(q.size(2)))).softmax();    // [heads, H*W, tokens]
            Tensor tokens = p.permute(2, 0, 1).reshape(p.size(2), heads * p.size(1));
            Tensor chosen = tokens.gather(indices().to(queries.device())).to(Device.CPU);             // [chosen, heads*H*W]
            Source source = new Source(tile, block);
            Sums known = sums.get(source);
            if (known == null) {
                sums.put(source, new Sums(place, heads, owner.adopt(chosen)));
            } else {
                Engine.update(new BinaryOp(BinaryOp.Kind.ADD), known.total, known.total, chosen);
                known.steps++;
            }
        }
    }

    /** The last row {@code [heads, tokens, d]} of {@code [B, tokens, heads*d]} in F32. */
    private static Tensor heads(Tensor x, int heads) {
        int rows = x.size(0);
        return x.slice(0, rows - 1, rows).to(DType.F32).reshape(x.size(1), heads, x.size(2) / heads).permute(1, 0, 2);
    }

    private Tensor indices() {
        long[] all = words.stream().flatMapToInt(w -> Arrays.stream(w.places)).asLongStream().toArray();
        return Tensor.of(all, all.length);
    }

    /** Each word's map, enlarged from the latents to a size. Empty without words, and where only the middle attends to the text. */
    public Map<String, HeatMap> maps(int width, int height) {
        Map<String, HeatMap> maps = new LinkedHashMap<>();
        if (sums.isEmpty()) return maps;
        try (Scope _ = Scope.open()) {
            List<Tensor> tiles = new ArrayList<>();
            for (int i = 0; i < grid.tiles().size(); i++) tiles.add(tile(i));
            Tensor whole = grid.merge(tiles);                                                          // [1, h, w, chosen]
            int from = 0;
            for (Word w : words) {
                Tensor mean = whole.slice(3, from, from += w.places.length).mean(3);
                maps.put(w.text, new HeatMap(grid.width(), grid.height(), mean.toFloats()).resized(width, height));
            }
        }
        return maps;
    }

    /** The mean over all heads of a tile, {@code [1, h, w, chosen]}. */
    private Tensor tile(int tile) {
        try (Scope s = Scope.open()) {
            ResizeOp enlarge = new ResizeOp(ResizeOp.Kind.BICUBIC, false, grid.tileHeight(), grid.tileWidth());
            Tensor sum = null;
            int heads = 0;
            for (var e : sums.entrySet()) {
                if (e.getKey().tile != tile) continue;
                Sums own = e.getValue();
                Tensor maps = own.total.reshape(own.total.size(0), own.heads, own.place.height(), own.place.width()).permute(1, 2, 3, 0);
                Tensor each = maps.mul(1f / own.steps).resize(enlarge).relu().sum(0);
                sum = sum == null ? each : s.replace(sum, sum.add(each));
                heads += own.heads;
            }
            return s.keep(sum.mul(1f / heads));
        }
    }
}

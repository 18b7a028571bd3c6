package dev.faithdiff.convert.system;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.faithdiff.convert.file.ConvertError;
import dev.faithdiff.convert.names.AdcSrFiles;
import dev.faithdiff.model.Config;
import dev.faithdiff.networks.adcsr.AdcSrConfig;
import dev.faithdiff.networks.adcsr.AdcSrNet;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.io.Source;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;

/** AdcSR: the fine-tuned networks of {@code net_params_200.pkl} and the rest of the decoder, {@code halfDecoder.ckpt}. */
final class AdcSrSystem implements ReleasedSystem {
    private static final String NETWORKS = "net_params_200.pkl", DECODER = "halfDecoder.ckpt";
    /** What does not show in the tensors, for networks of other widths than the released ones: a file beside theirs. */
    private static final String NUMBERS = "adcsr_config.json";

    @Override public String kind() { return AdcSrConfig.KIND; }

    @Override public boolean is(Release release) { return release.find(NETWORKS) != null; }

    @Override public Converter converter(Release release, Precision precision) {
        return new Made(release.file(NETWORKS), release.file(DECODER), release.find(NUMBERS), precision);
    }

    @Override public Map<String, Map<String, Shape>> needed(Config model, Function<String, Config> part) {
        AdcSrConfig c = AdcSrConfig.of(model);
        Map<String, Map<String, Shape>> parts = new LinkedHashMap<>();
        parts.put("unet", NeededTensors.of(model.toString(), w -> AdcSrNet.unet(w, c)));
        parts.put("decoder", NeededTensors.of(model.toString(), w -> AdcSrNet.decoder(w, c)));
        return parts;
    }

    private final class Made implements Converter {
        private final Path networks, numbers;
        private final WeightFile tuned, rest;
        private final ConversionReport report = new ConversionReport();
        private final ModelPlan plan;

        Made(Path networks, Path decoder, Path numbers, Precision precision) {
            this.networks = networks;
            this.numbers = numbers;
            plan = new ModelPlan(precision, report);
            tuned = WeightFile.open(networks);
            try {
                rest = WeightFile.open(decoder);
            } catch (Throwable e) {
                tuned.close();
                throw e;
            }
        }

        @Override public ConversionReport plan() {
            Map<String, Source> unet = AdcSrFiles.unet(tuned.tensors()), decoder = AdcSrFiles.decoder(tuned.tensors(), rest.tensors());
            JsonObject sizes = sizes(unet, decoder);
            plan.file("model.json", ModelJson.whole(networks.getFileName().toString(), kind(), sizes));
            Map<String, Map<String, Shape>> needed = needed(Config.of(networks, sizes.toString()), null);
            plan.part("unet", unet, needed.get("unet"), networks.getFileName().toString());
            plan.part("decoder", decoder, needed.get("decoder"), DECODER + ", its middle from " + NETWORKS);
            report.requireComplete();
            return report;
        }

        private JsonObject sizes(Map<String, Source> unet, Map<String, Source> decoder) {
            JsonObject given = numbers == null ? new JsonObject() : Config.read(numbers).json();
            try {
                JsonObject sizes = AdcSrFiles.sizes(unet, decoder, given.has("unet_heads"));
                for (Map.Entry<String, JsonElement> own : given.asMap().entrySet()) sizes.add(own.getKey(), own.getValue());
                return sizes;
            } catch (IllegalArgumentException e) {
                throw new ConvertError(networks, "has no sizes that can be read from its tensors: " + e.getMessage());
            }
        }

        @Override public void write(Path folder, PrintStream progress) throws IOException { plan.write(folder, progress); }

        @Override public void close() {
            tuned.close();
            rest.close();
        }
    }
}

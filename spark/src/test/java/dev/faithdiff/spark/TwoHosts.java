package dev.faithdiff.spark;

import java.io.IOException;
import java.util.Arrays;
import org.apache.spark.SparkConf;
import org.apache.spark.deploy.master.Master;
import org.apache.spark.deploy.worker.Worker;
import org.apache.spark.sql.SparkSession;
import scala.Option;

/** A cluster of two hosts on one machine, which {@code local-cluster} has not: Spark starts the copy of a slow task on another host only. */
final class TwoHosts {
    private TwoHosts() {}

    /** @param args a folder for the workers, and the arguments of the job */
    public static void main(String[] args) throws IOException {
        SparkConf conf = new SparkConf();
        String master = "spark://127.0.0.1:" + Master.startRpcEnvAndEndpoint("127.0.0.1", 0, 0, conf)._1().address().port();
        for (int n = 2; n <= 3; n++) {
            Worker.startRpcEnvAndEndpoint("127.0.0." + n, 0, 0, 1, 4096, new String[] {master}, args[0], Option.apply(n), conf, Option.empty());
        }
        SparkSession spark = SparkSession.builder().master(master).appName("two hosts").getOrCreate();
        System.out.println(RestoreJob.run(spark, Arrays.copyOfRange(args, 1, args.length)));
        spark.stop();
        System.exit(0);
    }
}

// The parts of Apache ECharts that the report uses, as the global `echarts`.
import * as core from "echarts/core";
import { LineChart, ScatterChart, BarChart, CustomChart } from "echarts/charts";
import {
  GridComponent,
  TooltipComponent,
  LegendComponent,
  MarkLineComponent,
  MarkAreaComponent,
  DataZoomInsideComponent,
  AriaComponent,
} from "echarts/components";
import { CanvasRenderer, SVGRenderer } from "echarts/renderers";

core.use([
  LineChart,
  ScatterChart,
  BarChart,
  CustomChart,
  GridComponent,
  TooltipComponent,
  LegendComponent,
  MarkLineComponent,
  MarkAreaComponent,
  DataZoomInsideComponent,
  AriaComponent,
  CanvasRenderer,
  SVGRenderer,
]);

globalThis.echarts = { init: core.init, version: core.version };
